# Where the sources of others come from, each at one commit: with CMAKE's own FETCHCONTENT_SOURCE_DIR_<NAME>, or with
#
#   -DTINYGATE_STM32F4_SOURCES=<folder>   (or the environment variable) a folder that holds them by these names
#
# they are taken from local folders, for a lab without a network; by default they are downloaded once per build folder.
include(FetchContent)
set(TINYGATE_STM32F4_SOURCES "$ENV{TINYGATE_STM32F4_SOURCES}" CACHE PATH "local folder of the sources of others")

# The commits of CMSIS-NN, gemmlowp and ruy, and the release of flatbuffers, are those that this commit of
# tflite-micro names itself.
set(TINYGATE_COMMITS
    tflite-micro      tensorflow/tflite-micro              90b983c2b3f1480642e040bbd2ddb37b998f3424
    cmsis-nn          ARM-software/CMSIS-NN                4ab83cc3cc98fb85ed6dafb55e8ca02f1628dcae
    flatbuffers       google/flatbuffers                   187240970746d00bbd26b0f5873ed54d2477f9f3
    gemmlowp          google/gemmlowp                      719139ce755a0f31cbf1c37f7f98adcc7fc9f425
    ruy               google/ruy                           d37128311b445e758136b8602d1bbd2a755e115d
    cmsis5            ARM-software/CMSIS_5                 2b7495b8535bdcb306dac29b9ded4cfb679d7e5c
    cmsis-device-f4   STMicroelectronics/cmsis-device-f4   0fa0e489e053fa1ca7790bb40b4d76458f64c55d)

# Sets <name>_SOURCE_DIR and <name>_COMMIT in the caller. SOURCE_SUBDIR names no folder: their own build files are not used.
macro(tinygate_source name)
    list(FIND TINYGATE_COMMITS ${name} place)
    math(EXPR place "${place} + 1")
    list(GET TINYGATE_COMMITS ${place} repository)
    math(EXPR place "${place} + 1")
    list(GET TINYGATE_COMMITS ${place} ${name}_COMMIT)
    string(TOUPPER ${name} upper)
    if(TINYGATE_STM32F4_SOURCES AND NOT FETCHCONTENT_SOURCE_DIR_${upper})
        if(NOT IS_DIRECTORY ${TINYGATE_STM32F4_SOURCES}/${name})
            message(FATAL_ERROR "${TINYGATE_STM32F4_SOURCES}/${name}: no such folder; expected "
                "https://github.com/${repository} at ${${name}_COMMIT} there (TINYGATE_STM32F4_SOURCES)")
        endif()
        set(FETCHCONTENT_SOURCE_DIR_${upper} ${TINYGATE_STM32F4_SOURCES}/${name} CACHE PATH "" FORCE)
    endif()
    FetchContent_Declare(${name} URL https://github.com/${repository}/archive/${${name}_COMMIT}.tar.gz
        SOURCE_SUBDIR none)
    FetchContent_MakeAvailable(${name})
endmacro()
