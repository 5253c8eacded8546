# df shows sizes that can be true, from inside the share too, and names of 255 bytes as the limit.
read -r size used avail < <(df --output=size,used,avail -k "$A" | tail -n 1)
((size > 0 && avail > 0 && avail <= size && used <= size)) || { echo "size $size, used $used, available $avail" >&2; exit 1; }
read -r files free < <(df --output=itotal,iavail "$A" | tail -n 1)
((files > 0 && free > 0 && free <= files)) || { echo "$files inodes, $free free" >&2; exit 1; }
((size == $(df --output=size -k "$B" | tail -n 1))) || { echo "two clients are told different sizes" >&2; exit 1; }
[[ $(stat -f -c %l "$A") == 255 ]] || { echo "names may have $(stat -f -c %l "$A") bytes" >&2; exit 1; }
head -c 20M /dev/urandom >data
sync data
taken=$(du -k data | cut -f 1)
((taken >= 20480 && taken < 25000)) || { echo "20 MiB take $taken KiB" >&2; exit 1; }
echo "$((size >> 20)) GiB, $((avail >> 20)) free; $free inodes free"
