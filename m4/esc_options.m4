# Our own --enable options: warnings as errors, sanitizers.
AC_DEFUN([ESC_OPTIONS],
  [AC_ARG_ENABLE([werror],
     [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
   AS_VAR_IF([enable_werror], [yes],
     [AC_SUBST([WERROR_CFLAGS], [-Werror])])
   AC_ARG_ENABLE([sanitize],
     [AS_HELP_STRING([--enable-sanitize=LIST],
       [build the analyzer and the tests, never the shim, with these sanitizers;
        plain --enable-sanitize: address,undefined])])
   AS_CASE([$enable_sanitize],
     [''|no], [SANITIZE_CFLAGS=],
     [yes], [SANITIZE_CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"],
     [SANITIZE_CFLAGS="-fsanitize=$enable_sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"])
   AC_SUBST([SANITIZE_CFLAGS])])
