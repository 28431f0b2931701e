/* RWKV-7's time mix between its matrix products, for training: decay, in-context learning rate, value residual, key
 * normalisation, the delta rule, group norm, bonus and gate. One thread walks one head of one row; included by
 * kernels.c, whose `real` and `half` it uses. Names are those of tools/golden/rwkv_plain.py. */
#define N 64                      /* head size */
#define LANES (64 / sizeof(real)) /* of a 512-bit vector */
#define P (N / LANES)
#define CHUNK 16 /* the backward pass recomputes states from one kept every CHUNK tokens */
typedef real vec __attribute__((vector_size(64)));
typedef vec head[P];
typedef head matrix[N];

enum { R, WL, K, V, AL, G, VL, VF, INPUTS };           /* [B][T][C] each; VL and VF are null in layer 0 */
enum { W0, A0, V0, KK, KA, RK, LNW, LNB, PARAMETERS }; /* [C] each */

/* What one head makes of one token, each [N]. */
typedef struct {
    union { head r_; real r[N]; };
    union { head w_; real w[N]; };
    union { head k_; real k[N]; };
    union { head v_; real v[N]; };
    union { head a_; real a[N]; }; /* -kk */
    union { head b_; real b[N]; }; /* kk * rate */
    real sigma[N], rate[N], gate[N], key[N], own[N], first[N];
    real scale, bonus;             /* 1 / norm of kk; sum of r * k * r_k */
} token;

static inline real sum(vec v) {
#if defined(__AVX512F__) && !defined(CHECK)
    return _mm512_reduce_add_ps((__m512) v);
#else
    real s = 0;
    for (unsigned i = 0; i < LANES; i++) s += v[i];
    return s;
#endif
}

static void prepare(token *x, const half *const *in, long at, const real *p, int C) {
    real squares = 0, bonus = 0;
#pragma omp simd reduction(+ : squares)
    for (int c = 0; c < N; c++) {
        x->r[c] = up(in[R][at + c]);
        x->sigma[c] = 1 / (1 + EXP(-(p[W0 * C + c] + up(in[WL][at + c]))));
        x->w[c] = EXP((real) -0.606531 * x->sigma[c]);
        x->rate[c] = 1 / (1 + EXP(-(p[A0 * C + c] + up(in[AL][at + c]))));
        x->key[c] = up(in[K][at + c]);
        x->v[c] = x->own[c] = up(in[V][at + c]);
        x->a[c] = x->key[c] * p[KK * C + c];
        squares += x->a[c] * x->a[c];
    }
    if (in[VF])
#pragma omp simd
        for (int c = 0; c < N; c++) {
            x->first[c] = up(in[VF][at + c]);
            x->gate[c] = 1 / (1 + EXP(-(p[V0 * C + c] + up(in[VL][at + c]))));
            x->v[c] += (x->first[c] - x->own[c]) * x->gate[c];
        }
    x->scale = 1 / max2(SQRT(squares), (real) 1e-12);
#pragma omp simd reduction(+ : bonus)
    for (int c = 0; c < N; c++) {
        x->a[c] *= -x->scale;
        x->b[c] = -x->a[c] * x->rate[c];
        x->k[c] = x->key[c] * (1 + (x->rate[c] - 1) * p[KA * C + c]);
        bonus += x->r[c] * x->k[c] * p[RK * C + c];
    }
    x->bonus = bonus;
}

/* y [N] -> normalised in place; returns 1 / standard deviation. */
static real group_norm(real *y) {
    real mean = 0, var = 0;
#pragma omp simd reduction(+ : mean)
    for (int c = 0; c < N; c++) mean += y[c];
    mean /= N;
#pragma omp simd reduction(+ : var)
    for (int c = 0; c < N; c++) var += (y[c] - mean) * (y[c] - mean);
    real scale = 1 / SQRT(var / N + (real) 64e-5);
#pragma omp simd
    for (int c = 0; c < N; c++) y[c] = (y[c] - mean) * scale;
    return scale;
}

/* p [PARAMETERS][C]. Keeps y and sa = state * a, [B][T][C] each, and kept [B][H][T / CHUNK] states for the backward. */
void time_mix7_forward(int B, int T, int C, const half *const *in, const real *p, half *out, real *ys, real *sas,
                       matrix *kept) {
    int H = C / N;
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int b = 0; b < B; b++)
        for (int h = 0; h < H; h++) {
            matrix s; /* [key channel][value channel]: no sums across lanes */
            memset(s, 0, sizeof s);
            const real *q = p + h * N;
            for (int t = 0; t < T; t++) {
                long at = ((long) b * T + t) * C + h * N;
                token x;
                prepare(&x, in, at, q, C);
                if (t % CHUNK == 0) {
                    real *to = (real *) kept[((long) b * H + h) * ((T + CHUNK - 1) / CHUNK) + t / CHUNK];
                    for (int i = 0; i < N; i++)
                        for (int j = 0; j < N; j++) to[i * N + j] = ((real *) s)[j * N + i];
                }
                head sa = {}, y = {};
                for (int j = 0; j < N; j++)
                    for (unsigned n = 0; n < P; n++) sa[n] += s[j][n] * x.a[j];
                for (int j = 0; j < N; j++)
                    for (unsigned n = 0; n < P; n++) {
                        s[j][n] = s[j][n] * x.w[j] + sa[n] * x.b[j] + x.v_[n] * x.k[j];
                        y[n] += s[j][n] * x.r[j];
                    }
                memcpy(sas + at, sa, sizeof sa);
                memcpy(ys + at, y, sizeof y);
                real *o = (real *) y;
                group_norm(o);
#pragma omp simd
                for (int c = 0; c < N; c++)
                    out[at + c] = down((o[c] * q[LNW * C + c] + q[LNB * C + c] + x.bonus * x.v[c])
                                       * up(in[G][at + c]));
            }
        }
}

/* Through gate, group norm and bonus: from the output's gradient g to y's, and the bonus' parts of r's, k's and v's. */
static void backward_out(const token *x, const half *g, const half *gate, const real *saved, const real *p, int C,
                         real *dy, real *dr, real *dk, real *dv, half *dgate, real *dp, long BC) {
    real y[N], along = 0, mean = 0, ds = 0;
    memcpy(y, saved, sizeof y);
    real scale = group_norm(y);
#pragma omp simd reduction(+ : along, mean, ds)
    for (int c = 0; c < N; c++) {
        real go = up(g[c]), d = go * up(gate[c]);
        dgate[c] = down(go * (y[c] * p[LNW * C + c] + p[LNB * C + c] + x->bonus * x->v[c]));
        dp[LNB * BC + c] += d;
        dp[LNW * BC + c] += d * y[c];
        dy[c] = d * p[LNW * C + c];
        along += dy[c] * y[c];
        mean += dy[c];
        ds += d * x->v[c];
        dv[c] = d * x->bonus;
    }
    along /= N;
    mean /= N;
#pragma omp simd
    for (int c = 0; c < N; c++) {
        dy[c] = scale * (dy[c] - mean - y[c] * along);
        dr[c] = ds * x->k[c] * p[RK * C + c];
        dk[c] = ds * x->r[c] * p[RK * C + c];
        dp[RK * BC + c] += ds * x->r[c] * x->k[c];
    }
}

/* Through what prepare() does. */
static void backward_in(const token *x, const real *p, int C, const real *dr, const real *dw, const real *dk,
                        const real *dv, const real *da, const real *db, half *const *out, long at, real *dp, long BC) {
    real dkk[N], along = 0;
#pragma omp simd reduction(+ : along)
    for (int c = 0; c < N; c++) {
        dkk[c] = db[c] * x->rate[c] - da[c];
        along -= dkk[c] * x->a[c];
    }
#pragma omp simd
    for (int c = 0; c < N; c++) {
        out[R][at + c] = down(dr[c]);
        real d = dw[c] * x->w[c] * (real) -0.606531 * x->sigma[c] * (1 - x->sigma[c]);
        out[WL][at + c] = down(d);
        dp[W0 * BC + c] += d;
        d = (dkk[c] + x->a[c] * along) * x->scale;
        dp[KK * BC + c] += d * x->key[c];
        dp[KA * BC + c] += dk[c] * x->key[c] * (x->rate[c] - 1);
        out[K][at + c] = down(d * p[KK * C + c] + dk[c] * (1 + (x->rate[c] - 1) * p[KA * C + c]));
        d = (dk[c] * x->key[c] * p[KA * C + c] - db[c] * x->a[c]) * x->rate[c] * (1 - x->rate[c]);
        out[AL][at + c] = down(d);
        dp[A0 * BC + c] += d;
    }
    if (!out[VF])
        for (int c = 0; c < N; c++) out[V][at + c] = down(dv[c]);
    else
#pragma omp simd
        for (int c = 0; c < N; c++) {
            out[V][at + c] = down(dv[c] * (1 - x->gate[c]));
            out[VF][at + c] = down(dv[c] * x->gate[c]);
            real d = dv[c] * (x->first[c] - x->own[c]) * x->gate[c] * (1 - x->gate[c]);
            out[VL][at + c] = down(d);
            dp[V0 * BC + c] += d;
        }
}

/* out: the gradients of the inputs. dp [PARAMETERS][B][C] comes in zeroed; the caller adds up the rows. */
void time_mix7_backward(int B, int T, int C, const half *const *in, const real *p, const real *ys, const real *sas,
                        const matrix *kept, const half *g, half *const *out, real *dp) {
    int H = C / N;
    long BC = (long) B * C;
#pragma omp parallel for collapse(2) schedule(dynamic)
    for (int b = 0; b < B; b++)
        for (int h = 0; h < H; h++) {
            /* Matrices here are [value channel][key channel], the states before each token and after the last. */
            matrix *s = aligned_alloc(64, (CHUNK + 1) * sizeof(matrix)), ds;
            token *xs = aligned_alloc(64, CHUNK * sizeof(token));
            memset(ds, 0, sizeof ds);
            const real *q = p + h * N;
            real *dq = dp + (long) b * C + h * N;
            for (int start = (T - 1) / CHUNK * CHUNK; start >= 0; start -= CHUNK) {
                int count = T - start < CHUNK ? T - start : CHUNK;
                memcpy(s[0], kept[((long) b * H + h) * ((T + CHUNK - 1) / CHUNK) + start / CHUNK], sizeof(matrix));
                for (int t = 0; t < count; t++) {
                    long at = ((long) b * T + start + t) * C + h * N;
                    token *x = xs + t;
                    prepare(x, in, at, q, C);
                    for (int i = 0; i < N; i++)
                        for (unsigned n = 0; n < P; n++)
                            s[t + 1][i][n] = s[t][i][n] * x->w_[n] + sas[at + i] * x->b_[n] + x->v[i] * x->k_[n];
                }
                for (int t = count - 1; t >= 0; t--) {
                    long at = ((long) b * T + start + t) * C + h * N;
                    token *x = xs + t;
                    real dy[N], dv[N];
                    union { head v; real r[N]; } dr, dk, dw, da, db;
                    backward_out(x, g + at, in[G] + at, ys + at, q, C, dy, dr.r, dk.r, dv, out[G] + at, dq, BC);
                    head vr, vk, vw = {}, va = {}, vb = {};
                    memcpy(vr, dr.v, sizeof vr);
                    memcpy(vk, dk.v, sizeof vk);
                    for (int i = 0; i < N; i++) {
                        vec d[P], byv = {}, bysa = {};
                        real sa = sas[at + i];
                        for (unsigned n = 0; n < P; n++) {
                            d[n] = ds[i][n] + x->r_[n] * dy[i];
                            vr[n] += s[t + 1][i][n] * dy[i];
                            vk[n] += d[n] * x->v[i];
                            vb[n] += d[n] * sa;
                            vw[n] += d[n] * s[t][i][n];
                            byv += d[n] * x->k_[n];
                            bysa += d[n] * x->b_[n];
                        }
                        dv[i] += sum(byv);
                        real dsa = sum(bysa);
                        for (unsigned n = 0; n < P; n++) {
                            va[n] += s[t][i][n] * dsa;
                            ds[i][n] = d[n] * x->w_[n] + x->a_[n] * dsa;
                        }
                    }
                    memcpy(dr.v, vr, sizeof vr);
                    memcpy(dk.v, vk, sizeof vk);
                    memcpy(dw.v, vw, sizeof vw);
                    memcpy(da.v, va, sizeof va);
                    memcpy(db.v, vb, sizeof vb);
                    backward_in(x, q, C, dr.r, dw.r, dk.r, dv, da.r, db.r, out, at, dq, BC);
                }
            }
            free(s);
            free(xs);
        }
}
