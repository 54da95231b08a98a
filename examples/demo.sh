#!/bin/sh
# The whole way on data that is made here: a trained U-Net to spikes on NengoLoihi's emulator and an energy report.
# Usage: examples/demo.sh [FOLDER]
set -eu
here=$(dirname "$0")
out=${1:-demo}
rm -rf "$out"
mkdir -p "$out"
python "$here/unet_em/make_data.py" "$out/train" --images 16 --size 64 --seed 1
python "$here/unet_em/make_data.py" "$out/test" --images 8 --size 32 --seed 2
convert-model "$here/unet_em/unet_em.keras" --data "$out/train" -o "$out/unet.bundle" --timesteps 96
partition-model "$out/unet.bundle"
deploy-model "$out/unet.bundle" --data "$out/test" --target fast
deploy-model "$out/unet.bundle" --data "$out/test" --target emulator --images 2
energy-report "$out/unet.bundle" -o "$out/report.html"
echo "Report: $(cd "$out" && pwd)/report.html"
