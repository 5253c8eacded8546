# A C program of 40 files builds with make -j4, runs from the share, and make sees by the times what is up to date.
cp -r "$FIXTURES/program/." .
make -s -j4 >&2
[[ $(./program) == "$(cat expected)" ]] || { echo "the program says $(./program)" >&2; exit 1; }
make -q || { echo "make finds something to do right after it is done" >&2; exit 1; }
sleep 0.01
touch common.h
! make -q || { echo "make overlooks a newer header" >&2; exit 1; }
make -s -j4 >&2
make -q
[[ $(./program) == "$(cat expected)" ]]
echo "$(ls -- *.o | wc -l) objects, twice"
