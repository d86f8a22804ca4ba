# How the project's own sources are compiled. ESP-IDF turns some warnings back from errors; here none is.
function(tinygate_compile_strictly library)
    target_compile_options(${library} PRIVATE
        -std=gnu++17 -Wall -Wextra -Werror -Werror=extra -Werror=unused-function -Werror=unused-variable
        -Werror=unused-but-set-variable -Werror=deprecated-declarations)
endfunction()
