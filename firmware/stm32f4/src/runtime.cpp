// What C++ expects of a system that has none: no exceptions, no destructors at the end, no heap.
#include <cstdint>
#include <cstdlib>

#include "tinygate/reset.hpp"
#include "tinygate/serial_port.hpp"
#include "tinygate/text.hpp"

extern "C" {

void* __dso_handle = nullptr;

// Nothing ends here but by a reset: what shall be destroyed at the end never is.
int __aeabi_atexit(void*, void (*)(void*), void*) {
    return 0;
}
int atexit(void (*)()) {
    return 0;
}

[[noreturn]] void abort() {
    using namespace tinygate;
    Sentence text;
    const auto caller = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
    text << "\r\nabort: called from 0x" << Digits::hex32(caller).view() << "\r\n";
    print(text.view());
    restart(Ending::kPanic);
}

[[noreturn]] void __assert_func(const char* file, int line, const char*, const char* condition) {
    using namespace tinygate;
    Sentence text;
    text << "\r\nassert: " << file << ":" << static_cast<uint32_t>(line) << ": " << condition << "\r\n";
    print(text.view());
    restart(Ending::kPanic);
}

[[noreturn]] void __cxa_pure_virtual() {
    abort();
}

}  // extern "C"

namespace std {

// The header <string_view> asks for these.
[[noreturn]] void __throw_out_of_range_fmt(const char*, ...) {
    abort();
}
[[noreturn]] void __throw_length_error(const char*) {
    abort();
}

}  // namespace std
