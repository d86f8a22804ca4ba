// An own implementation, because ESP-IDF's moved between versions 5 and 6 and this one also runs in host
// tests.
#include "tinygate/sha256.hpp"

#include <algorithm>

namespace tinygate {
namespace {

constexpr size_t kBlock = 64;

constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotate(uint32_t value, int bits) {
    return value >> bits | value << (32 - bits);
}

class State {
 public:
    void add(const uint8_t* block) {
        uint32_t w[64];
        for (size_t i = 0; i < 16; ++i) {
            const uint8_t* b = block + 4 * i;
            w[i] = uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
        }
        for (int i = 16; i < 64; ++i) {
            const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
            const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        auto v = hash_;
        for (int i = 0; i < 64; ++i) round(v, w[i] + kRound[i]);
        for (size_t i = 0; i < v.size(); ++i) hash_[i] += v[i];
    }

    Sha256 digest() const {
        Sha256 bytes{};
        for (size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<uint8_t>(hash_[i / 4] >> (24 - 8 * (i % 4)));
        }
        return bytes;
    }

 private:
    static void round(std::array<uint32_t, 8>& v, uint32_t word) {
        auto& [a, b, c, d, e, f, g, h] = v;
        const uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        const uint32_t first = h + s1 + ((e & f) ^ (~e & g)) + word;
        const uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        const uint32_t second = s0 + ((a & b) ^ (a & c) ^ (b & c));
        v = {first + second, a, b, c, d + first, e, f, g};
    }

    std::array<uint32_t, 8> hash_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

}  // namespace

Sha256 sha256(const uint8_t* data, size_t size) {
    State state;
    size_t done = 0;
    for (; size - done >= kBlock; done += kBlock) state.add(data + done);

    // What is left, a one bit, zeros, and the length in bits: one block, or two.
    std::array<uint8_t, 2 * kBlock> tail{};
    const size_t left = size - done;
    std::copy_n(data + done, left, tail.begin());
    tail[left] = 0x80;
    const size_t end = left + 9 <= kBlock ? kBlock : 2 * kBlock;
    const uint64_t bits = uint64_t{size} * 8;
    for (size_t i = 0; i < 8; ++i) tail[end - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
    for (size_t i = 0; i < end; i += kBlock) state.add(tail.data() + i);
    return state.digest();
}

}  // namespace tinygate
