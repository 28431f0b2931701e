package io.rwkv.core.internal.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * All tensors of a version: what must be there, what may be, and what may be without being used. There are no others: a
 * checkpoint that has one more is of another version, or was made to give other results.
 */
public final class TensorTable {
    /** What has the tensors of a group. */
    enum Where {
        /** The model, once, under their whole names. */
        MODEL, EVERY_LAYER, FIRST_LAYER, LATER_LAYERS;

        boolean includes(int layer) {
            return switch (this) {
                case MODEL -> layer < 0;
                case EVERY_LAYER -> layer >= 0;
                case FIRST_LAYER -> layer == 0;
                case LATER_LAYERS -> layer > 0;
            };
        }
    }

    /** Whether the tensors of a group have to be there. */
    enum Need {
        REQUIRED,
        /** Wholly there, in all layers that can have it, or not at all. */
        OPTIONAL,
        /** May be there, and changes nothing. */
        UNUSED
    }

    /** Tensors that are there for the same reason. */
    record Group(Where where, Need need, List<TensorSpec> tensors) {}

    /** A tensor of the table, and the group it belongs to. */
    record Known(TensorSpec spec, Group group) {}

    private final List<Group> groups;
    private final Set<String> layerNames = new HashSet<>();

    private TensorTable(List<Group> groups) {
        this.groups = List.copyOf(groups);
        groups.stream().filter(g -> g.where != Where.MODEL).flatMap(g -> g.tensors.stream())
                .forEach(t -> layerNames.addAll(t.names()));
    }

    static Builder builder() {
        return new Builder();
    }

    /** Groups in the order in which they are checked. */
    static final class Builder {
        private final List<Group> groups = new ArrayList<>();

        private Builder() {
        }

        Builder model(String... lines) {
            return add(Where.MODEL, Need.REQUIRED, lines);
        }

        Builder layers(String... lines) {
            return add(Where.EVERY_LAYER, Need.REQUIRED, lines);
        }

        Builder firstLayer(String... lines) {
            return add(Where.FIRST_LAYER, Need.REQUIRED, lines);
        }

        Builder laterLayers(String... lines) {
            return add(Where.LATER_LAYERS, Need.REQUIRED, lines);
        }

        /** In all layers or in none. */
        Builder optional(String... lines) {
            return add(Where.EVERY_LAYER, Need.OPTIONAL, lines);
        }

        /** May be there and is not read: say why it changes no result. */
        Builder unusedInFirstLayer(String... lines) {
            return add(Where.FIRST_LAYER, Need.UNUSED, lines);
        }

        private Builder add(Where where, Need need, String... lines) {
            groups.add(new Group(where, need, Stream.of(lines).map(TensorSpec::parse).toList()));
            return this;
        }

        TensorTable build() {
            return new TensorTable(groups);
        }
    }

    List<Group> groups() {
        return groups;
    }

    /** All names below {@code blocks.N.}, of all layers together. */
    Set<String> layerNames() {
        return layerNames;
    }

    /** The required tensors of a layer, or, for -1, of the model. */
    List<TensorSpec> required(int layer) {
        return groups.stream().filter(g -> g.need == Need.REQUIRED && g.where.includes(layer))
                .flatMap(g -> g.tensors.stream()).toList();
    }

    /** The required tensors of layers, be they in all of them or not. */
    public List<TensorSpec> ofLayers() {
        return groups.stream().filter(g -> g.need == Need.REQUIRED && g.where != Where.MODEL)
                .flatMap(g -> g.tensors.stream()).toList();
    }

    /**
     * What the tensor of a name is.
     *
     * @param name as in RWKV's own checkpoints
     * @return null if the version has none of this name
     */
    public TensorSpec spec(String name) {
        Known known = find(TensorName.of(name));
        return known == null ? null : known.spec;
    }

    /**
     * What a tensor is.
     *
     * @return null if the version has none of this name there
     */
    Known find(TensorName name) {
        for (Group group : groups) {
            if (group.where.includes(name.layer())) {
                for (TensorSpec spec : group.tensors) {
                    if (spec.names().contains(name.below())) {
                        return new Known(spec, group);
                    }
                }
            }
        }
        return null;
    }

    /** The required tensors of layers that are missing in all of them. */
    long missing(Set<String> names) {
        return ofLayers().stream().filter(t -> Collections.disjoint(t.names(), names)).count();
    }
}
