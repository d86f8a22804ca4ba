# How everything for this chip is compiled: library and application must agree, or they do not link or, worse, do.
#
#   -DTINYGATE_OPTIMIZATION=<O2|Os|O0…>   what -O says; hello tells it
#   -DTINYGATE_FPU=<ON|OFF>               floating point in the core's unit, or in software; hello tells it
set(TINYGATE_OPTIMIZATION O2 CACHE STRING "optimization level of everything: O2, O3, Os, Og, O0")
option(TINYGATE_FPU "use the core's floating-point unit" ON)

# Variants share all objects but those of the model.
find_program(TINYGATE_CCACHE ccache)
if(TINYGATE_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${TINYGATE_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TINYGATE_CCACHE})
endif()

set(TINYGATE_STRICT -Wall -Wextra -Werror)  # for the project's own sources

if(TARGET tinygate_core)
    return()  # as the library was built
endif()

set(core -mcpu=cortex-m4 -mthumb)
if(TINYGATE_FPU)
    list(APPEND core -mfpu=fpv4-sp-d16 -mfloat-abi=hard)
else()
    list(APPEND core -mfloat-abi=soft)
endif()
set(cxx -std=gnu++17 -fno-rtti -fno-exceptions -fno-threadsafe-statics -fno-use-cxa-atexit)

add_library(tinygate_core INTERFACE)
target_compile_options(tinygate_core INTERFACE ${core} -${TINYGATE_OPTIMIZATION} -g1
    -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables
    $<$<COMPILE_LANGUAGE:CXX>:${cxx}>)
target_compile_definitions(tinygate_core INTERFACE TF_LITE_STATIC_MEMORY CMSIS_NN)
target_link_options(tinygate_core INTERFACE ${core} --specs=nano.specs -nostartfiles -Wl,--gc-sections)
