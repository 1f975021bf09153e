# What every target of the project shares.

function(bierl_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  # The same bits from every compiler and instruction set: no fused multiply-add unless written,
  # no reassociation. -fno-math-errno only lets sqrt be one instruction.
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wconversion -Wshadow -ffp-contract=off -fno-math-errno)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${name} PRIVATE -Wno-restrict)  # false alarms on std::string + (GCC bug 105651)
  endif()
  if(BIERL_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
  if(BIERL_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${BIERL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=${BIERL_SANITIZE})
  endif()
endfunction()
