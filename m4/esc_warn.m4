# ESC_WARN(VARIABLE): puts those of our warnings that the compiler knows there.
AC_DEFUN([ESC_WARN_ONE],
  [AS_VAR_PUSHDEF([esc_var], [esc_cv_warn_$1])
   AC_CACHE_CHECK([whether $CC takes $1], [esc_var],
     [esc_saved=$CFLAGS
      CFLAGS="$CFLAGS -Werror $1"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
        [AS_VAR_SET([esc_var], [yes])], [AS_VAR_SET([esc_var], [no])])
      CFLAGS=$esc_saved])
   AS_VAR_IF([esc_var], [yes], [esc_warn="$esc_warn $1"])
   AS_VAR_POPDEF([esc_var])])

AC_DEFUN([ESC_WARN],
  [esc_warn=
   m4_map_args_w([
     -Wall
     -Wextra
     -Wshadow
     -Wundef
     -Wwrite-strings
     -Wcast-align=strict
     -Wpointer-arith
     -Wstrict-prototypes
     -Wmissing-prototypes
     -Wold-style-definition
     -Wvla
     -Wformat=2
     -Wmissing-format-attribute
     -Wimplicit-fallthrough=5
     -Wnull-dereference
     -Wconversion
     -Wsign-conversion
     -Wswitch-enum
     -Wdeclaration-after-statement
     -fno-common
   ], [ESC_WARN_ONE(], [)])
   AC_SUBST([$1], ["$esc_warn"])])
