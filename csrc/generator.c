/* The generator: MT19937 (Matsumoto and Nishimura, 1998), a word at a time. random.c draws
 * whole arrays from the same state with vectors; this file is the plain version.
 *
 * How torch's functions use it on the CPU, found by comparing numbers (torch 2.13 on an
 * AMD machine). Numbers are drawn in the order of a tensor's elements in memory.
 *
 *     word      32 bits                        unit24    a word's low 24 bits / 2^24
 *     pair      two words, the first high      unit53    a pair's low 53 bits / 2^53
 *     unit      unit24 for float, unit53 for double
 *
 * uniform_(a, b)     fma(unit, b - a, a); where that rounds to b, it is a.
 * normal_(mean, std) n >= 16: blocks of 16 units u, elements j and j + 8 from u[j], u[j + 8]:
 *                    r = sqrt(-2 log(1 - u[j])), t = 2 pi u[j + 8] (rounded to the dtype):
 *                    fma(r cos t, std, mean), fma(r sin t, std, mean). n % 16 != 0: n % 16
 *                    units are dropped, and 16 more make the last 16 elements anew.
 *                    n < 16 or strided: in double for both dtypes, u1 and u2 unit53 in this
 *                    order: r = sqrt(-2 log1p(-u2)), t = 2 pi u1, r cos t now and r sin t as
 *                    the spare for the next of these, of any dtype, whenever it comes;
 *                    manual_seed and set_state drop it, blocks of 16 leave it.
 * normal(mean, std)  of tensors: z std + mean in two roundings, z = randn(common shape).
 * bernoulli_(p)      unit53 < p for any dtype. p a tensor: unit of p's dtype < p.
 * dropout(x, p)      x * (m / (1 - p)), m = bernoulli_(1 - p); p = 0 or 1 draws nothing.
 *                    dropout1d, 2d, 3d: one m for each (sample, channel).
 * alpha_dropout      a m x + ((m - 1) (alpha a) + alpha a p), alpha = 1.7580993408473766,
 *                    a = 1 / sqrt((alpha^2 p + 1)(1 - p)), m = bernoulli_(1 - p).
 * rrelu(x, a, b)     slope unit53 (b - a) + a, two roundings in double with a and b rounded to
 *                    x's dtype first; only elements x <= 0 draw.
 * exponential_(l)    -1 / l * log1p(-unit53) in double for any dtype.
 * randint, random_(a, b)    a + word % (b - a) for b - a < 2^28, else a + pair % (b - a).
 * random_()          int64: pair % 2^63; other integers: the low bits of a word; float:
 *                    word % (2^24 + 1); double: pair % (2^53 + 1).
 * randperm(n)        for i in [0, n - 1): swap i and i + word % (n - i). n >= 214748364: for i
 *                    in [0, n): j = pair % (i + 1), y[i] = y[j], y[j] = i.
 * multinomial        with replacement: running sums of p in p's dtype over their total; each
 *                    sample the first that is >= unit53. Without, or for one sample: the
 *                    largest p / exponential_(1), in falling order.
 * DataLoader         an epoch begins by drawing random_() in int64, shuffling or not, from the
 *                    loader's generator or the default one. Shuffling without a generator
 *                    then draws another from the default one, the seed of a new generator.
 *                    The order is randperm(n); a second randperm(n) is drawn and not used.
 * nn.Linear          weight: uniform_ within sqrt(3) (sqrt(1 / 3) / sqrt(fan_in)) on either
 *                    side, then bias: within 1 / sqrt(fan_in).
 * trunc_normal_      rejection, each round drawing for all n. The normal's mass in [a, b]
 *                    > 0.3: normal_(mean, std) until inside. Else: uniform_(a, b) and
 *                    u = uniform_(0, 1), until log u <= log pdf - log of the pdf's peak in [a, b].
 * orthogonal_        Q R = randn(rows, columns), of its transpose if wide; Q's columns times
 *                    the signs of R's diagonal.
 *
 * On Intel's own CPUs torch's sources draw bernoulli_(p), and so dropout's masks, from another
 * generator (MKL's MCG31, seeded with one word; seen there only, not tried). We do not.
 *
 * torch's get_state is 5056 bytes, little-endian: uint64 seed; int32 left, int32 1; uint64
 * next; 624 words as uint64; double 0, spare, 0; int32 has_spare; 12 bytes of zeros. left is
 * 625 - next; a generator not used since its seeding says next = 0, left = 1. Wherever
 * left = 1 the state is to be renewed before the next word: our next = 624. */
#include "minigrad.h"

enum { WORDS = 624, MIDDLE = 397 };

/* The state is WORDS words x. The recurrence, indices modulo WORDS, in place:
 *     x[i] = x[i + MIDDLE] ^ A(top bit of x[i], other bits of x[i + 1])
 * where A shifts right by one and adds 0x9908b0df if the bit shifted out was set. */
static void twist(uint32_t *x)
{
    for (int i = 0; i < WORDS; i++) {
        uint32_t joined = (x[i] & 0x80000000u) | (x[(i + 1) % WORDS] & 0x7fffffffu);
        x[i] = x[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ (joined & 1 ? 0x9908b0dfu : 0);
    }
}

void mg_generator_seed(struct mg_generator *generator, uint64_t seed)
{
    uint32_t x = (uint32_t)seed; /* torch drops the upper half too */
    for (uint32_t i = 0; i < WORDS; i++) {
        generator->state[i] = x;
        x = 1812433253u * (x ^ (x >> 30)) + i + 1;
    }
    generator->seed = seed;
    generator->next = WORDS;
    generator->has_spare = 0;
    generator->spare = 0;
}

uint32_t mg_generator_next32(struct mg_generator *generator)
{
    if (generator->next >= WORDS) {
        twist(generator->state);
        generator->next = 0;
    }
    uint32_t x = generator->state[generator->next++];
    x ^= x >> 11;
    x ^= (x << 7) & 0x9d2c5680u;
    x ^= (x << 15) & 0xefc60000u;
    return x ^ (x >> 18);
}

uint64_t mg_generator_next64(struct mg_generator *generator)
{
    uint64_t high = mg_generator_next32(generator);
    return high << 32 | mg_generator_next32(generator);
}
