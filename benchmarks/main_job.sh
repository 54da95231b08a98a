#!/bin/sh
# Both real models through the four commands: the first table of docs/accuracy.md. About 45 minutes on two cores.
# Usage: benchmarks/main_job.sh RESNET.keras CIFAR10 UNET.keras EM_TRAIN EM_TEST EM_CROPS OUT
#   CIFAR10 has train/CLASS/*.jpg and test/CLASS/*.jpg; the EM folders have image/ and label/ (EM_CROPS: of the input's size)
set -eu
resnet=$1 cifar=$2 unet=$3 em_train=$4 em_test=$5 em_crops=$6 out=$7
mkdir -p "$out"

convert-model "$resnet" --data "$cifar/train" -o "$out/resnet.bundle"
partition-model "$out/resnet.bundle"
deploy-model "$out/resnet.bundle" --data "$cifar/test"
deploy-model "$out/resnet.bundle" --data "$cifar/test" --images 2 --target emulator --no-measure

convert-model "$unet" --data "$em_train" -o "$out/unet.bundle" --max-pooling average
partition-model "$out/unet.bundle"
deploy-model "$out/unet.bundle" --data "$em_test"
deploy-model "$out/unet.bundle" --data "$em_crops" --name crop --no-measure
deploy-model "$out/unet.bundle" --data "$em_crops" --target emulator --no-measure

energy-report "$out/resnet.bundle" "$out/unet.bundle" -o "$out/report.html"
