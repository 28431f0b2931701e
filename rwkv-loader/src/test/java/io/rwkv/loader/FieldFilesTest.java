package io.rwkv.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.RwkvModel;
import io.rwkv.core.tensor.DType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of kinds that people have met, which once computed something else than they say. */
class FieldFilesTest {
    @TempDir
    Path folder;

    private static Path field(String name) {
        return Shared.reference().resolve("field").resolve(name);
    }

    private static Path models(String name) {
        return Shared.reference().resolve("models").resolve(name);
    }

    private String refusal(Path path) throws IOException {
        assertTrue(Files.exists(path), path.toString());
        RwkvFormatException opened = assertThrows(RwkvFormatException.class, () -> Rwkv.open(path));
        RwkvFormatException converted = assertThrows(RwkvFormatException.class,
                () -> GgufConverter.convert(Checkpoints.open(path), folder.resolve("x.gguf"), DType.F32, null,
                        (done, total) -> {}));
        assertEquals(opened.getMessage(), converted.getMessage());
        return opened.getMessage();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"base-rwkv4 | RWKV-4", "base-rwkv7 | RWKV-7", "base-rwkv7a | RWKV-7a"})
    void theModelsThatTheOthersWereMadeFromShouldRun(String name, String version) throws IOException {
        try (RwkvModel model = Rwkv.open(field(name + ".safetensors"))) {
            assertEquals(version, model.config().version().toString());
            model.logits(new int[]{1, 2}, model.newState());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "F1-unmerged-lora | blocks.0.att.receptance.lora_A | RWKV-7 | adapter",
            "F2-rwkv8-rc00 | blocks.0.ffn.enn.weight | RWKV-7 | RWKV-8",
            "F2-rwkv7b | blocks.0.qkv. | RWKV-7a | RWKV-7b",
            "F3-rwkv4-head-qk | head_ | RWKV-4 | copy head", "F3-rwkv4-tiny-attention | tiny_ | RWKV-4 | RWKV-4a",
            "F3-rwkv4-pos-emb | pos_emb_ | RWKV-4 | position embeddings"})
    void whatIsMoreThanItsVersionShouldBeRefusedByName(String name, String tensor, String version, String what)
            throws IOException {
        String message = refusal(field(name + ".safetensors"));
        assertTrue(message.contains("tensor " + tensor) || message.contains("." + tensor), message);
        assertTrue(message.contains("expected only tensors of " + version + ","), message);
        assertTrue(message.contains(what), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "synthetic-rwkv2-c96-headqk-fp32 | .time_mix | RWKV-2",
            "synthetic-rwkv2-c64-pile-fp32 | .time_mix | RWKV-2",
            "synthetic-rwkv3-c96-pile-fp32 | blocks.0.att.time_decay | RWKV-3",
            "synthetic-rwkv3-c64-headqk-ffnpre-fp32 | blocks.0.ffnPre. | ffnPre",
            "synthetic-rwkv4a-c96-bf16 | blocks.2.tiny_ | RWKV-4a",
            "synthetic-rwkv4b-c96-bf16 | blocks.0.att. | RWKV-4b",
            "synthetic-rwkv7b-h2-bf16 | blocks.0.qkv. | RWKV-7b",
            "synthetic-rwkv8rc00-h2-bf16 | blocks.0.ffn.enn.weight | RWKV-8",
            "synthetic-rwkv8rc00hybrid-h2-bf16 | blocks.0.ffn.enn.weight | RWKV-8",
            "synthetic-embeddingrwkv-c128-bf16 | vit. | images",
            "synthetic-rwkvreranker-c128-l4-bf16 | reranker. | reranker",
            "adapter-lora-rwkv4-r4-bf16 | lora_ | adapter", "adapter-lora-rwkv5v2-r4-fp32 | lora_ | adapter",
            "adapter-lora-rwkv6-r8-bf16 | lora_ | adapter", "adapter-lora-rwkv7-r6-bf16 | lora_ | adapter",
            "adapter-pissa-rwkv7-r8-bf16 | lora_ | adapter", "adapter-pissa-rwkv7-r8-init-bf16 | init_lora_ | PiSSA",
            "adapter-bone-rwkv7-r40-bf16 | disha | adapter", "adapter-bat-rwkv6-r32-bf16 | disha | adapter",
            "timestate-rwkv5v2-fp32 | time_state | tuned initial state, which is no model by itself",
            "timestate-rwkv6-bf16 | time_state | newState(path)", "timestate-rwkv7-bf16 | time_state | newState(path)"})
    void otherVersionsAndPartsOfModelsShouldBeRefusedByName(String name, String tensor, String what)
            throws IOException {
        String message = refusal(models(name + ".pth"));
        assertTrue(message.contains(tensor), message);
        assertTrue(message.contains(what), message);
    }

    /** They hold RWKV under other names, in other shapes or in several files; the message has to say which of these. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"M-shards/model-00001-of-00002.safetensors | parts (shards)",
            "M-shards/model-00002-of-00002.safetensors | parts (shards)",
            "M-forward_module-prefix.safetensors | prefix \"_forward_module.\"",
            "M-transformers-rwkv4.safetensors | transformers", "M-web-rwkv-rwkv5.2.st | web-rwkv",
            "M-web-rwkv-rwkv6.st | web-rwkv", "M-web-rwkv-rwkv7.st | web-rwkv",
            "M-tied-head.safetensors | tied weights",
            "M-lightning-state_dict.pth | state_dict", "M-shards | a folder; parts (shards)",
            "M-shards/model.safetensors.index.json | index of a model in parts (shards)"})
    void whatIsNotReadShouldBeRefusedForItsCause(String name, String cause) throws IOException {
        String message = refusal(field(name));
        assertTrue(message.contains(cause), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"tiny-rwkv-7v0-bf16-orig_mod.pth | prefix \"_orig_mod.\"",
            "tiny-rwkv-7v0-bf16-module.pth | prefix \"module.\"", "tiny-rwkv-7v0-bf16-model.pth | prefix \"model.\"",
            "tiny-rwkv-7v0-bf16-forward_module.pth | prefix \"_forward_module.\"",
            "hf-rwkvrs-native-tiny-7v0/model.safetensors | prefix \"model.\"",
            "hf-official-rwkv7-h3/model-00001-of-00003.safetensors | prefix \"rwkv7.\"",
            "hf-rwkvrs-rwkv7-h3/model-00001-of-00002.safetensors | rwkv-rs"})
    void otherFamiliesOfNamesShouldBeRefusedForThat(String name, String cause) throws IOException {
        String message = refusal(models(name));
        assertTrue(message.contains(cause), message);
    }
}
