package io.rwkv.text.internal.schema;

/** A JSON Schema that is refused. The message begins with the path of what is refused, such as {@code #/properties/age/not}. */
public final class SchemaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String path;
    private final String problem;

    SchemaException(String path, String problem) {
        super(path + ": " + problem);
        this.path = path;
        this.problem = problem;
    }

    /** Where, as a JSON pointer in a URI's fragment. */
    public String path() {
        return path;
    }

    /** What is wrong, without the path. */
    public String problem() {
        return problem;
    }
}
