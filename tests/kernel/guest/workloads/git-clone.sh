# A clone of a repository of more than 1,000 files is complete, clean, and equal to what was committed.
git clone -q "file://$FIXTURES/repository" clone
cd clone
files=$(git ls-files | wc -l)
((files > 1000)) || { echo "only $files files" >&2; exit 1; }
[[ -z $(git status --porcelain) ]] || { echo "the fresh clone is not clean: $(git status --porcelain | head -n 3)" >&2; exit 1; }
echo 3 >/proc/sys/vm/drop_caches
(cd "$FIXTURES/tree" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$TMP/expected"
sha256sum --quiet -c "$TMP/expected" >&2
# Work in it: a branch, a commit over many files, back again.
git checkout -q -b work
for f in module-00/*.txt; do echo changed >>"$f"; done
git commit -q -a -m "change a folder"
git mv module-01 moved
git commit -q -m "move a folder"
git checkout -q -
[[ -d module-01 && ! -e moved && -z $(git status --porcelain) ]] || { echo "switching branches left something behind" >&2; exit 1; }
echo "$files files"
