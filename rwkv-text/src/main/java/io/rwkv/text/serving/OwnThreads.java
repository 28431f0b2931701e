package io.rwkv.text.serving;

/** Makes the threads of services and caches. */
final class OwnThreads {
    private OwnThreads() {
    }

    /**
     * A daemon thread, not started. Of whoever happens to be the first to need it, it keeps nothing: neither inherited variables nor
     * the class loader, which would hold a whole application in a container.
     */
    static Thread of(Runnable task, String name) {
        Thread thread = new Thread(null, task, name, 0, false);
        thread.setDaemon(true);
        thread.setContextClassLoader(OwnThreads.class.getClassLoader());
        return thread;
    }
}
