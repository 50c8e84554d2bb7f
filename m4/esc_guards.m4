# ESC_GUARDS: takes -fstack-protector* out of CFLAGS, which stand behind all that is said
# of a part, and puts it into GUARD_CFLAGS: packages ask for it, and the library that is
# preloaded may call nothing but what preload/imports.allow lists.
AC_DEFUN([ESC_GUARDS],
  [GUARD_CFLAGS=
   esc_others=
   for esc_flag in $CFLAGS; do
     AS_CASE([$esc_flag],
       [-fstack-protector*], [GUARD_CFLAGS="$GUARD_CFLAGS $esc_flag"],
       [esc_others="$esc_others $esc_flag"])
   done
   CFLAGS=$esc_others
   AC_SUBST([GUARD_CFLAGS])])
