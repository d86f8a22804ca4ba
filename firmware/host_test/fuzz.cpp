// Throws altered conversations at a console and checks what must always hold. Built with sanitizers.
//   fuzz <seconds> <seed> <file of conversations, one per line, in hex>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>

#include "echo_device.hpp"
#include "flat.hpp"
#include "tinygate/crc32.hpp"

namespace tinygate {
namespace {

constexpr uint32_t kRxLineBytes = 512;
using Random = std::mt19937;

size_t below(Random& random, size_t bound) {
    return random() % std::max<size_t>(1, bound);
}

// Alters, repeats, removes or inserts a run of bytes.
void mutate(std::string& bytes, Random& random) {
    const size_t place = below(random, bytes.size());
    const size_t length = below(random, 1 + below(random, 64));
    switch (below(random, 7)) {
        case 0:
            bytes.insert(place, bytes.substr(place, length));
            break;
        case 1:
            bytes.erase(place, length);
            break;
        case 2:
            bytes.insert(place, std::string(length, static_cast<char>(random())));
            break;
        case 3:
            bytes.insert(place, "@TG3 ");
            break;
        case 4:
            bytes.insert(place, "\n");
            break;
        case 5:
            bytes.insert(place, 1, '\0');
            break;
        default:
            if (!bytes.empty()) bytes[place] = static_cast<char>(random());
    }
}

// Gives each record a right CRC again, so that altered bytes get beyond the check of the CRC.
std::string with_right_crcs(const std::string& bytes) {
    std::string out;
    for (size_t start = 0; start < bytes.size();) {
        const size_t end = std::min(bytes.find('\n', start), bytes.size());
        const std::string line = bytes.substr(start, end - start);
        const size_t star = line.rfind(" *");
        const size_t prefix = line.rfind(kPrefix);
        if (star != std::string::npos && prefix != std::string::npos && prefix < star) {
            const std::string body = line.substr(prefix, star - prefix);
            out += line.substr(0, star) + " *" + std::string(Digits::hex32(crc32(body)).view()) + "\r\n";
        } else {
            out += line + "\n";
        }
        start = end + 1;
    }
    return out;
}

[[noreturn]] void fail(const std::string& what, const std::string& input) {
    std::cerr << what << "\ninput: " << to_hex(input) << "\n";
    std::exit(1);
}

// Everything that a device sends is a whole, valid reply: a new one, numbered without a gap, or one sent again.
void check_replies(const std::string& sent, uint32_t& next, const std::string& input) {
    const std::string head = "record\tR\t";
    for (const auto& event : decode(sent, kMaxReplyLineBytes)) {
        if (event.rfind(head, 0) != 0) fail("not a reply: " + event, input);
        const auto number = std::stoul(event.substr(head.size()));
        if (number > next) fail("a number is left out before: " + event, input);
        if (number == next) ++next;
    }
    if (!sent.empty() && sent.back() != '\n' && sent.back() != 0) fail("no end", input);
}

std::string hello(Random& random) {
    const auto body =
        "@TG3 Q 1 " + std::string(Digits::hex32(static_cast<uint32_t>(random())).view()) + " hello";
    return "\r\n" + body + " *" + std::string(Digits::hex32(crc32(body)).view()) + "\r\n";
}

void run(const std::string& input, Random& random) {
    EchoDevice device(kRxLineBytes, 4 * kRxLineBytes);
    device.samples_wanted = true;
    KeptLines lines;
    Console::Buffers buffers(kRxLineBytes, device.window_bytes(), device.result_bytes(), EchoDevice::kRawBytes);
    KeptBytes store;
    Console console(device, lines, Ident("0badcafe"), buffers, &store);
    uint32_t next = 0;
    console.receive(input);
    check_replies(lines.take(), next, input);
    console.receive(hello(random));
    const std::string answer = lines.take();
    if (answer.find(" hello re=1 ") == std::string::npos) fail("hello is not answered any more", input);
    check_replies(answer, next, input);
}

std::vector<std::string> read_conversations(const char* path) {
    std::ifstream file(path);
    std::vector<std::string> conversations;
    for (std::string line; std::getline(file, line);) conversations.push_back(from_hex(line));
    return conversations;
}

}  // namespace
}  // namespace tinygate

int main(int argc, char** argv) {
    using namespace tinygate;
    if (argc != 4) return 2;
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(std::atof(argv[1]));
    Random random(static_cast<unsigned>(std::atoi(argv[2])));
    const auto seeds = read_conversations(argv[3]);
    if (seeds.empty()) return 2;
    size_t runs = 0;
    for (; std::chrono::steady_clock::now() < end; ++runs) {
        std::string input = seeds[below(random, seeds.size())] + seeds[below(random, seeds.size())];
        for (size_t count = below(random, 12); count > 0; --count) mutate(input, random);
        if (below(random, 4) != 0) input = with_right_crcs(input);
        run(input, random);
    }
    std::cout << runs << "\n";
}
