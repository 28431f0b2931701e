package io.rwkv.core.internal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.rwkv.core.RwkvVersion;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class VersionsTest {
    @ParameterizedTest
    @EnumSource
    void aVersionShouldHaveHeadsIfItsTensorsTellThem(RwkvVersion version) {
        VersionDescriptor descriptor = Versions.of(version);
        assertEquals(version, descriptor.version());
        assertEquals(descriptor.tensors().ofLayers().stream().anyMatch(TensorSpec::tellsHeads), version.hasHeads());
    }
}
