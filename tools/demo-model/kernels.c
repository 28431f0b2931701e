/* The parts of training that PyTorch has no single operator for, vectorised across channels.
 * Activations between matrix products are bfloat16 ("half"), everything inside is float ("real").
 * Compiled with -DCHECK both are double, so that gradients can be checked to rounding. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#ifdef CHECK
typedef double real;
typedef double half;
#define EXP exp
#define SQRT sqrt
static inline real up(half h) { return h; }
static inline half down(real r) { return r; }
#else
typedef float real;
typedef uint16_t half;
#define EXP expf
#define SQRT sqrtf
static inline real up(half h) {
    uint32_t i = (uint32_t) h << 16;
    float f;
    memcpy(&f, &i, 4);
    return f;
}
static inline half down(real f) { /* round to nearest even; no NaN is expected */
    uint32_t i;
    memcpy(&i, &f, 4);
    return (half) ((i + 0x7FFF + ((i >> 16) & 1)) >> 16);
}
#endif

static inline real max2(real a, real b) { return a > b ? a : b; }

/* Token shift: out[n] = x * mix[n] + (x of the previous token) * (1 - mix[n]), for N mixes at once. */
void mix_forward(int B, int T, int C, int N, const real *x, const real *mix, half *out) {
#pragma omp parallel for
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++) {
            const real *now = x + ((long) b * T + t) * C;
            for (int n = 0; n < N; n++) {
                half *o = out + (((long) n * B + b) * T + t) * C;
                const real *m = mix + (long) n * C;
                if (t == 0)
                    for (int c = 0; c < C; c++) o[c] = down(now[c] * m[c]);
                else
                    for (int c = 0; c < C; c++) o[c] = down(now[c - C] + (now[c] - now[c - C]) * m[c]);
            }
        }
}

/* dmix has one slice per batch row, [B][N][C], which the caller adds up. dx and dmix come in zeroed. */
void mix_backward(int B, int T, int C, int N, const real *x, const real *mix, const half *const *g, real *dx,
                  real *dmix) {
#pragma omp parallel for
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++) {
            long at = ((long) b * T + t) * C;
            const real *now = x + at;
            real *d = dx + at;
            for (int n = 0; n < N; n++) {
                const half *gn = g[n] + at;
                const real *m = mix + (long) n * C;
                real *dm = dmix + ((long) b * N + n) * C;
                if (t == 0)
                    for (int c = 0; c < C; c++) {
                        real v = up(gn[c]);
                        d[c] += v * m[c];
                        dm[c] += v * now[c];
                    }
                else
                    for (int c = 0; c < C; c++) {
                        real v = up(gn[c]);
                        d[c] += v * m[c];
                        d[c - C] += v * (1 - m[c]);
                        dm[c] += v * (now[c] - now[c - C]);
                    }
            }
        }
}

/* out = sigmoid(r) * wkv. state keeps (aa, bb, pp) as each token found them: [3][B][T][C]. */
void wkv_forward(int B, int T, int C, const real *w, const real *u, const half *k, const half *v, const half *r,
                 half *out, real *state) {
    long total = (long) B * T * C;
#pragma omp parallel for
    for (int b = 0; b < B; b++) {
        real *aa = calloc(3 * C, sizeof(real)), *bb = aa + C, *pp = bb + C;
        for (int c = 0; c < C; c++) pp[c] = -1e30;
        for (int t = 0; t < T; t++) {
            long at = ((long) b * T + t) * C;
            memcpy(state + at, aa, C * sizeof(real));
            memcpy(state + total + at, bb, C * sizeof(real));
            memcpy(state + 2 * total + at, pp, C * sizeof(real));
#pragma omp simd
            for (int c = 0; c < C; c++) {
                real kk = up(k[at + c]), vv = up(v[at + c]);
                real uk = u[c] + kk, p = max2(pp[c], uk);
                real e1 = EXP(pp[c] - p), e2 = EXP(uk - p);
                real y = (e1 * aa[c] + e2 * vv) / (e1 * bb[c] + e2);
                out[at + c] = down(y / (1 + EXP(-up(r[at + c]))));
                real wp = pp[c] + w[c], q = max2(wp, kk);
                e1 = EXP(wp - q);
                e2 = EXP(kk - q);
                aa[c] = e1 * aa[c] + e2 * vv;
                bb[c] = e1 * bb[c] + e2;
                pp[c] = q;
            }
        }
        free(aa);
    }
}

/* Walks back with ga, gb = d loss / d (true a, b), kept with a common exponent qq like the forward state.
 * du and dw have one row per batch row: [B][C]. */
void wkv_backward(int B, int T, int C, const real *w, const real *u, const half *k, const half *v, const half *r,
                  const real *state, const half *g, half *dk, half *dv, half *dr, real *du, real *dw) {
    long total = (long) B * T * C;
#pragma omp parallel for
    for (int b = 0; b < B; b++) {
        real *ga = calloc(3 * C, sizeof(real)), *gb = ga + C, *qq = gb + C;
        real *dub = du + (long) b * C, *dwb = dw + (long) b * C;
        for (int c = 0; c < C; c++) qq[c] = -1e30, dub[c] = 0, dwb[c] = 0;
        for (int t = T - 1; t >= 0; t--) {
            long at = ((long) b * T + t) * C;
            const real *aa = state + at, *bb = aa + total, *pp = bb + total;
#pragma omp simd
            for (int c = 0; c < C; c++) {
                real kk = up(k[at + c]), vv = up(v[at + c]), gate = 1 / (1 + EXP(-up(r[at + c])));
                real uk = u[c] + kk, p = max2(pp[c], uk);
                real e1 = EXP(pp[c] - p), e2 = EXP(uk - p);
                real over = 1 / (e1 * bb[c] + e2), y = (e1 * aa[c] + e2 * vv) * over;
                real go = up(g[at + c]), gy = go * gate;
                dr[at + c] = down(go * y * gate * (1 - gate));
                real own = e2 * gy * over;            /* through this token's own bonus term */
                real later = EXP(kk + qq[c]);         /* through the tokens after it */
                real byu = own * (vv - y);
                dk[at + c] = down(byu + later * (vv * ga[c] + gb[c]));
                dv[at + c] = down(own + later * ga[c]);
                dub[c] += byu;
                /* pp starts at -1e30 and so may qq: their product with aa = ga = 0 has to stay 0, not inf * 0. */
                real x = pp[c] + w[c] + qq[c];
                dwb[c] += EXP(x < 60 ? x : 60) * (aa[c] * ga[c] + bb[c] * gb[c]);
                real ww = qq[c] + w[c], q = max2(ww, -p);
                e1 = EXP(ww - q);
                e2 = EXP(-p - q) * gy * over;
                ga[c] = e1 * ga[c] + e2;
                gb[c] = e1 * gb[c] - e2 * y;
                qq[c] = q;
            }
        }
        free(ga);
    }
}

#include "wkv7.c"

/* Cross entropy of rows of logits, which are replaced by d (mean loss) / d logits. A target < 0 is left out. */
double cross_entropy(int rows, int V, half *logits, const int64_t *target, int counted) {
    double loss = 0;
#pragma omp parallel for reduction(+ : loss)
    for (int i = 0; i < rows; i++) {
        half *l = logits + (long) i * V;
        if (target[i] < 0) {
            memset(l, 0, V * sizeof(half));
            continue;
        }
        real top = -1e30, sum = 0, at = up(l[target[i]]);
        for (int j = 0; j < V; j++) top = max2(top, up(l[j]));
        for (int j = 0; j < V; j++) sum += EXP(up(l[j]) - top);
        real scale = 1 / (sum * counted);
        for (int j = 0; j < V; j++) l[j] = down(EXP(up(l[j]) - top) * scale);
        l[target[i]] = down(EXP(at - top) * scale - (real) 1 / counted);
        loss += log(sum) + top - at;
    }
    return loss / counted;
}

/* AdamW over one flat array. */
void adamw(long n, real *p, const real *g, real *m, real *v, real scale, real lr, real beta1, real beta2, real decay,
           int step) {
    real c1 = 1 / (1 - pow(beta1, step)), c2 = 1 / (1 - pow(beta2, step));
#pragma omp parallel for
    for (long i = 0; i < n; i++) {
        real x = g[i] * scale;
        m[i] += (1 - beta1) * (x - m[i]);
        v[i] += (1 - beta2) * (x * x - v[i]);
        p[i] -= lr * (m[i] * c1 / (SQRT(v[i] * c2) + (real) 1e-18) + decay * p[i]);
    }
}
