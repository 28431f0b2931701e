package io.rwkv.loader;

import static io.rwkv.loader.Fixtures.assertHolds;
import static io.rwkv.loader.Fixtures.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.rwkv.core.RwkvFormatException;
import io.rwkv.core.internal.tensor.MappedTensor;
import io.rwkv.core.tensor.TensorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;

class CheckpointsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void shouldReadEveryTypeAndViewOfAZip(int protocol) throws IOException {
        TensorFile file = Checkpoints.open(Fixtures.path("all-zip-protocol" + protocol + ".pth"));
        assertEquals("PyTorch zip", file.format());
        assertHolds("expected.txt", file);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void shouldReadEveryTypeAndViewOfAStream(int protocol) throws IOException {
        TensorFile file = Checkpoints.open(Fixtures.path("all-stream-protocol" + protocol + ".pth"));
        assertEquals("PyTorch stream", file.format());
        assertHolds("expected.txt", file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"module-zip", "module-stream", "cuda-zip", "cuda-stream", "plain-zip", "plain-stream",
            "attributes-zip", "attributes-stream"})
    void shouldReadStateDicts(String name) throws IOException {
        TensorFile file = Checkpoints.open(Fixtures.path(name + ".pth"));
        assertHolds("module-expected.txt", file);
        assertEquals(Map.of(), file.metadata());
    }

    @ParameterizedTest
    @ValueSource(strings = {"all-zip-protocol2", "all-stream-protocol2"})
    void shouldMapViewsOfOneStorageOnceInsteadOfCopying(String name) throws IOException {
        TensorFile file = Checkpoints.open(Fixtures.path(name + ".pth"));
        MappedTensor whole = (MappedTensor) file.tensor("shared.whole");
        MappedTensor offset = (MappedTensor) file.tensor("shared.offset");
        MappedTensor transposed = (MappedTensor) file.tensor("shared.transposed");
        assertEquals(whole.byteOffset() + 6 * 4, offset.byteOffset());
        assertEquals(whole.byteOffset(), transposed.byteOffset());
        assertTrue(whole.isContiguous());
        assertFalse(transposed.isContiguous());
        assertSame(whole.file(), ((MappedTensor) file.tensor("f64")).file());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "nested-zip.pth | found a dictionary under \"model\" with keys [0.weight, 0.bias, 1.weight, 1.bias]; if",
            "nested-stream.pth | found a dictionary under \"model\" with keys [0.weight, 0.bias, 1.weight, 1.bias]; if",
            "whole-module-zip.pth | found torch.nn.modules.container.Sequential, which is refused",
            "bare-tensor-zip.pth | expected a dictionary of tensors by name, found a tensor",
            "sparse-zip.pth | found torch._utils._rebuild_sparse_tensor, which is refused"})
    void shouldRefuseWhatIsNoDictionaryOfTensors(String name, String message) {
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Checkpoints.open(Fixtures.path(name)));
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(Fixtures.path(name), e.file());
    }

    @Test
    void shouldSayWhichBytesItFoundInAFileOfUnknownKind() {
        assertRefused(folder, new byte[0], "expected a PyTorch file", "found an empty file");
        assertRefused(folder, "<!DOCTYPE html><html>".getBytes(StandardCharsets.UTF_8), "expected a PyTorch file",
                "found 3c 21 44 4f 43 54 59 50 45 20 68 74 6d 6c 3e 3c (\"<!DOCTYPE html><\")");
        assertRefused(folder, new byte[]{1, 2}, "found 01 02 (\"..\")");
        assertRefused(folder, "version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.UTF_8),
                "a Git LFS pointer");
    }

    @Test
    void shouldLeaveMissingFilesToTheFileSystemsException() {
        assertThrows(NoSuchFileException.class, () -> Checkpoints.open(folder.resolve("missing.pth")));
    }

    @Test
    void shouldRefuseAFolder() throws IOException {
        Path inner = Files.createDirectory(folder.resolve("model.pth"));
        RwkvFormatException e = assertThrows(RwkvFormatException.class, () -> Checkpoints.open(inner));
        assertTrue(e.getMessage().contains("expected a checkpoint file, found a folder"), e.getMessage());
    }
}
