package io.rwkv.core;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Run in a JVM of its own: opens many models of 60 MB, closes none, and prints what is left of them. */
public final class ForgottenModels {
    private static final int MODELS = 20;

    private ForgottenModels() {
    }

    /** @param args an engine's name */
    public static void main(String[] args) throws IOException, InterruptedException {
        RwkvConfig config = ComputedModel.config(1, 512, 27_000);
        long most = 0;
        for (int i = 0; i < MODELS; i++) {
            RwkvModel model = ComputedModel.load(config, RwkvOptions.builder().engine(args[0]).threads(3).build());
            model.logits(new int[]{1}, model.newState());
            model = null;
            for (int j = 0; j < 5; j++) {
                System.gc();
                Thread.sleep(20);
            }
            most = Math.max(most, residentMegabytes());
        }
        for (int j = 0; j < 100 && threads() > 0; j++) {
            System.gc();
            Thread.sleep(20);
        }
        System.out.println("threads " + threads());
        System.out.println("megabytes " + most);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("rwkv-")).count();
    }

    /** 0 where the system does not tell. */
    private static long residentMegabytes() throws IOException {
        Path status = Path.of("/proc/self/statm");
        return Files.exists(status) ? Long.parseLong(Files.readString(status).split(" ")[1]) * 4 / 1024 : 0;
    }
}
