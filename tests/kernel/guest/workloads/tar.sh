# An archive unpacked on the share and packed from it again holds the same: names, bytes, modes, times, links.
(cd "$FIXTURES/tree" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$TMP/expected"
# Without blocking factor's zeros and with sorted names, the same tree makes the same archive.
pack() { tar -C "$1" --sort=name --numeric-owner --owner=0 --group=0 -cf "$2" .; }
pack "$FIXTURES/tree" in.tar
mkdir out
tar -C out -xf in.tar
echo 3 >/proc/sys/vm/drop_caches
(cd out && sha256sum --quiet -c "$TMP/expected") >&2
pack out back.tar
tar -tvf in.tar --full-time >"$TMP/in"
tar -tvf back.tar --full-time >"$TMP/back"
diff "$TMP/in" "$TMP/back" | head -n 6 >&2
cmp in.tar back.tar >&2
echo "$(wc -l <"$TMP/expected") files, $(($(stat -c %s in.tar) >> 20)) MiB"
