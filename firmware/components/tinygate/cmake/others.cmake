# The components of others: what they are called, which versions they are.
#
# With ESP-IDF's component manager they come from the registry, by the names that it gives them; without it
# (IDF_COMPONENT_MANAGER=0), as in a lab without a network, they are folders that the project names in
# EXTRA_COMPONENT_DIRS. An application that has them under other names says so in TINYGATE_TFLM and TINYGATE_ESP_NN of the
# environment, which reaches ESP-IDF's search for requirements too.
if("$ENV{IDF_COMPONENT_MANAGER}" STREQUAL "0")
    set(TINYGATE_TFLM esp-tflite-micro)
    set(TINYGATE_ESP_NN esp-nn)
else()
    set(TINYGATE_TFLM espressif__esp-tflite-micro)
    set(TINYGATE_ESP_NN espressif__esp-nn)
endif()
foreach(component TINYGATE_TFLM TINYGATE_ESP_NN)
    if(NOT "$ENV{${component}}" STREQUAL "")
        set(${component} $ENV{${component}})
    endif()
endforeach()

# Versions as the components themselves state them, whether they came from a registry or from a folder.
function(tinygate_tell_versions library)
    foreach(component TINYGATE_TFLM TINYGATE_ESP_NN)
        idf_component_get_property(folder ${${component}} COMPONENT_DIR)
        file(STRINGS ${folder}/idf_component.yml line REGEX "^version:")
        string(REGEX REPLACE "^version: *\"?([^\"]*)\"?.*" "\\1" version "${line}")
        target_compile_definitions(${library} PRIVATE ${component}_VERSION="${version}")
    endforeach()
endfunction()

# The component manager tells esp-tflite-micro of esp-nn; where it is off, nobody else does.
function(tinygate_link_kernels)
    idf_component_get_property(tflm ${TINYGATE_TFLM} COMPONENT_LIB)
    idf_component_get_property(nn ${TINYGATE_ESP_NN} COMPONENT_LIB)
    target_link_libraries(${tflm} PRIVATE ${nn})
endfunction()
