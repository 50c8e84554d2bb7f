# For 32-bit children of recorded programs: ESC_LOADER, the 64-bit ABI's loader, and
# ESC_LOADER_LIB, what it takes $LIB in LD_PRELOAD for ("": not known, or none can be built);
# FOREIGN: an empty 32-bit library is built (no 32-bit C library is needed for that).
AC_DEFUN([ESC_FOREIGN],
  [AC_DEFINE([ESC_LOADER], ["/lib64/ld-linux-x86-64.so.2"], [the loader of the 64-bit ABI])
   AC_CACHE_CHECK([what the loader takes \$LIB for], [esc_cv_loader_lib],
     [esc_cv_loader_lib=
      AS_IF([test "$cross_compiling" != yes],
        [esc_cv_loader_lib=`/lib64/ld-linux-x86-64.so.2 --list-diagnostics 2>/dev/null |
           sed -n 's,^dl_dst_lib="\(lib[[A-Za-z0-9_/-]]*\)"$,\1,p'`])])
   AC_CACHE_CHECK([whether $CC links empty 32-bit libraries], [esc_cv_foreign],
     [esc_saved_CFLAGS=$CFLAGS
      esc_saved_LIBS=$LIBS
      CFLAGS="-m32 -nostdlib -shared -fPIC"
      LIBS=
      AC_LINK_IFELSE([AC_LANG_SOURCE([[int esc_conftest;]])],
        [esc_cv_foreign=yes], [esc_cv_foreign=no])
      CFLAGS=$esc_saved_CFLAGS
      LIBS=$esc_saved_LIBS])
   AS_IF([test "$esc_cv_foreign" = no], [esc_cv_loader_lib=])
   AC_DEFINE_UNQUOTED([ESC_LOADER_LIB], ["$esc_cv_loader_lib"], [what it takes $LIB for])
   AC_SUBST([LOADER_LIB], [$esc_cv_loader_lib])
   AM_CONDITIONAL([FOREIGN], [test -n "$esc_cv_loader_lib"])])
