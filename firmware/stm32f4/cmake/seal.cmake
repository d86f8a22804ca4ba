# Writes an ELF file's sha256 into its section .app_sha256, as 64 digits, and the flash image made of it beside it.
file(SHA256 ${ELF} digits)
get_filename_component(name ${ELF} NAME_WE)
get_filename_component(folder ${ELF} DIRECTORY)
file(WRITE ${folder}/app_sha256.txt "${digits}")
execute_process(COMMAND ${OBJCOPY} --update-section .app_sha256=${folder}/app_sha256.txt ${ELF}
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${OBJCOPY} -O binary ${ELF} ${folder}/${name}.bin COMMAND_ERROR_IS_FATAL ANY)
