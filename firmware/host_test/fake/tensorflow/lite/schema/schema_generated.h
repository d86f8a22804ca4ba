#pragma once
#include "fake_tflm.hpp"
