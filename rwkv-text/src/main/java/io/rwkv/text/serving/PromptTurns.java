package io.rwkv.text.serving;

import java.util.List;

/**
 * Who reads how much of a prompt in a step: the highest priority first; within one, callers take turns; of one caller, in the order
 * of starting. For one thread.
 */
final class PromptTurns {
    private long turn;

    /**
     * Divides the rows of a step.
     *
     * @param tasks that have prompts to read; left empty
     * @param rows for all together, at least 4
     * @param to receives a piece for each task that reads something
     */
    void divide(List<Task> tasks, int rows, List<Piece> to) {
        int left = rows;
        while (left > 0 && !tasks.isEmpty()) {
            Task next = null;
            for (Task task : tasks) {
                next = next == null || before(task, next) ? task : next;
            }
            tasks.remove(next);
            int end = next.prefix == null ? next.sequence.promptLeft() : next.prefix.next(next.sequence);
            int count = piece(end, left);
            if (count > 0) {
                next.caller.promptTurn = ++turn;
                left -= count;
                to.add(new Piece(next, count));
            }
        }
        tasks.clear();
    }

    private static boolean before(Task a, Task b) {
        if (a.priority != b.priority) {
            return a.priority > b.priority;
        }
        long turns = a.caller.promptTurn - b.caller.promptTurn;
        return turns != 0 ? turns < 0 : a.number < b.number;
    }

    /**
     * How many of a prompt's tokens to read. Where the end of a piece can be chosen, no piece has only one token: some formats of
     * weights round one row in another way than many.
     *
     * @param left tokens until the next place where a piece has to end
     * @param rows what may be read
     * @return 0 if it is better to wait for more rows
     */
    static int piece(int left, int rows) {
        if (left <= rows) {
            return left;
        }
        int count = left - rows == 1 ? rows - 1 : rows;
        return count < 2 ? 0 : count;
    }

    /** A part of a task's prompt. */
    static final class Piece {
        final Task task;
        final int tokens;

        Piece(Task task, int tokens) {
            this.task = task;
            this.tokens = tokens;
        }
    }

}
