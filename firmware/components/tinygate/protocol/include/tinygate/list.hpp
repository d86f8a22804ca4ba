// A view of consecutive elements: C++17 has no std::span.
#pragma once

#include <cstddef>

namespace tinygate {

template <class T>
struct List {
    const T* data = nullptr;
    size_t size = 0;

    bool empty() const { return size == 0; }
    const T& operator[](size_t index) const { return data[index]; }
    const T* begin() const { return data; }
    const T* end() const { return data + size; }
};

}  // namespace tinygate
