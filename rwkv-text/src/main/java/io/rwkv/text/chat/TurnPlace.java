package io.rwkv.text.chat;

import java.util.List;

/**
 * Where in a conversation a request's turn is to stand.
 *
 * @param keep so many turns stay before it; those after them are dropped
 * @param instead the turn whose place it takes; null for one at the end
 * @param last whether that one has to be the last
 */
record TurnPlace(int keep, ChatTurn instead, boolean last) {
    /** Behind all turns. */
    static final TurnPlace END = new TurnPlace(-1, null, false);

    /**
     * How many turns stay, of these.
     *
     * @throws IllegalStateException if the turn that the request is about is no longer where it was
     */
    int keep(List<ChatTurn> now) {
        if (instead == null) {
            return now.size();
        }
        if (keep >= now.size() || now.get(keep) != instead || last && keep != now.size() - 1) {
            throw new IllegalStateException("turn " + keep + ": expected the one that the request is about"
                    + (last ? ", as the last" : "") + ", found another conversation of " + now.size() + " turns");
        }
        return keep;
    }
}
