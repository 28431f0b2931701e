package io.rwkv.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saved states name their model by its fingerprint: a change of any of these makes states on disk useless. */
class FingerprintValuesTest {
    @ParameterizedTest
    @CsvSource({"V4, 29b08b15daa1207dd6271f272fab34fa", "V5_0, 3753c241df7d5a8e0d89d98b8ccfde4d",
            "V5_1, 479d7241b5cd8d4f3952c201063ae0b6", "V5_2, 50d73cb8f33858c2046fc24606c03efb",
            "V6, e3a3890a709c264e7c13e1ea5eebbd00", "V7, 80ee470f3c1d335977e5e76709225156",
            "V7A, b221e4589d35cf17411b4385f90bc254"})
    void shouldStayWhatTheyWere(RwkvVersion version, String expected) {
        try (RwkvModel model = Golden.of(version).model()) {
            assertEquals(expected, model.fingerprint());
        }
    }
}
