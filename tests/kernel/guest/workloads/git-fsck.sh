# The objects that git wrote are whole: as they arrived, after gc packed them, and read back without the cache.
git clone -q --bare "file://$FIXTURES/repository" bare
cd bare
git fsck --full --strict >&2
git repack -q -a -d -f
echo 3 >/proc/sys/vm/drop_caches
git fsck --full --strict >&2
[[ $(git rev-parse HEAD) == $(git -C "$FIXTURES/repository" rev-parse HEAD) ]]
git count-objects -v | sed -n 's/^in-pack: \(.*\)/\1 objects/p'
