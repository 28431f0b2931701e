package io.rwkv.cli;

import io.rwkv.text.chat.PromptTemplate;

import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;

@Command(name = "chat", mixinStandardHelpOptions = true, description = "Shows the prompt of a conversation.")
final class ChatCommand implements Callable<Integer> {
    static final class TemplateConverter implements ITypeConverter<PromptTemplate> {
        @Override
        public PromptTemplate convert(String text) {
            return switch (text.toLowerCase(Locale.ROOT)) {
                case "g1" -> PromptTemplate.G1;
                case "world" -> PromptTemplate.WORLD;
                case "raven" -> PromptTemplate.RAVEN;
                default -> throw new TypeConversionException("expected g1, world or raven, found " + text);
            };
        }
    }

    @Option(names = "--template", paramLabel = "g1|world|raven", converter = TemplateConverter.class, description = "How a conversation is written down for the model. Default: g1.")
    private PromptTemplate template;

    @Option(names = "--show-prompt", required = true, paramLabel = "CHAT.json", description = {
            "Prints the prompt of the conversation in this file; - is standard input. The prompt is printed exactly, with nothing after it, not even a line break. No model is needed.",
            "The file: {\"messages\": [{\"role\": \"system|user|assistant|tool\", \"content\": …}, …], \"think\": \"none|think|fake|fake_newline|json\", \"hint\": \"none|short|normal|long\", \"tools\": {\"signatures\": […]} or {\"json\": […]}}, all but messages optional;",
            "or {\"kind\": \"fim\", \"prefix\": …, \"suffix\": …}, {\"kind\": \"question\", \"text\": …, \"question\": …}, {\"kind\": \"instruction\", \"instruction\": …, \"input\": …}."})
    private Path showPrompt;

    @Override
    public Integer call() throws IOException {
        ShownPrompt.print(template == null ? PromptTemplate.G1 : template, showPrompt);
        return 0;
    }
}
