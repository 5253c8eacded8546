# A C program of 40 files builds with make -j4, runs from the share, and make sees by the times what is up to date.
cp -r "$FIXTURES/program/." .
make -s -j4 >&2
[[ $(./program) == "$(cat expected)" ]] || { echo "the program says $(./program)" >&2; exit 1; }
make -q || { echo "make finds something to do right after it is done" >&2; exit 1; }
sleep 0.01
touch common.h
! make -q || { echo "make overlooks a newer header" >&2; exit 1; }
[[ $(make -n | grep -c -- '-c -o') == $(ls -- *.c | wc -l) ]] || { echo "not everything depends on a newer header" >&2; exit 1; }
# As after a change to one source: the objects are older than the header no more, and one is older than its source.
touch -- *.o program
sleep 0.01
touch part-7.c
built=$(make -j4 | grep -c -- '-c -o')
[[ $built == 1 ]] || { echo "make built $built objects for one newer source" >&2; exit 1; }
make -q || { echo "make finds something to do after building again" >&2; exit 1; }
[[ $(./program) == "$(cat expected)" ]]
echo "$(ls -- *.o | wc -l) objects, and one again"
