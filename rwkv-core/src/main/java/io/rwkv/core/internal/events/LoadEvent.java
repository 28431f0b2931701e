package io.rwkv.core.internal.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

@Name("io.rwkv.Load")
@Label("Load")
@Description("A model was loaded: its weights were given to an engine")
@Category("RWKV")
@StackTrace(false)
final class LoadEvent extends Event implements LoadSpan {
    private static final LoadEvent ANY = new LoadEvent(); // the JVM tells by an object whether its class is recorded

    @Label("File")
    private String file;

    @Label("Engine")
    private String engine;

    @Label("Weights")
    @Description("Size of the weights as the engine holds them, without the embedding table")
    @DataAmount
    private long weightBytes;

    static LoadSpan start() {
        if (!ANY.isEnabled()) {
            return null;
        }
        LoadEvent event = new LoadEvent();
        event.begin();
        return event;
    }

    @Override
    public void finish(String fileName, String engineName, long bytes) {
        end();
        if (shouldCommit()) {
            file = fileName;
            engine = engineName;
            weightBytes = bytes;
            commit();
        }
    }
}
