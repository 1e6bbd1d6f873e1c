#!/bin/sh
# clients.sh LSTMC: what lstmc exports, opened by those whose formats these are, and what they save, imported. Each
# client that is not there is said in a line. Packages of npm are installed in build/clients.
set -eu
lstmc=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)/clients
packages=$(dirname "$lstmc")/clients
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0 compared=0 export_options=

# Whether the package of npm is there, or can be installed. What it would download besides is not needed.
has_package() {
    [ -d "$packages/node_modules/$1" ] && return 0
    mkdir -p "$packages"
    (cd "$packages" && npm install --silent --no-save --ignore-scripts "$1" >npm.log 2>&1)
    [ -d "$packages/node_modules/$1" ]
}

absent() { echo "$1: absent ($2): not compared"; }

# said NAME NUMBER STATUS
said() {
    echo "$1: $2"
    compared=$((compared + 1))
    [ "$3" = 0 ] || { echo "    FAILED"; failed=1; }
}

# The models, trained a little, an input for each and what lstmc predicts of it.
for model in stacked:3x9x4 chained:3x9x4 simple:3x7x3 gated:3x8x3 gated_after:3x8x3 bidirectional:3x6x3 masked:3x8:12 \
    tokens:3x8:12 convolution:3x12x3 handed:3x9x4 directions:3x9x4 looking:3x9x4 \
    heads:3x9x4; do
    name=${model%%:*} shape=${model#*:}
    "$lstmc" train "$here/models.lua" name="$name" --interpreted --quiet --out "$name.safetensors" --log "$name.csv" \
        --checkpoint "$name.checkpoint" >log 2>&1 || { cat log; exit 1; }
    # shellcheck disable=SC2046
    node "$here/npy.js" draw "$name.x.npy" $(echo "$shape" | tr ':' ' ')
    "$lstmc" predict "$here/models.lua" name="$name" --weights "$name.safetensors" --interpreted --quiet \
        --input "$name.x.npy" --out "$name.y.npy"
done

# opens CLIENT NAME FILE COMMAND...: exports the model and lets the client predict.
opens() {
    client=$1 name=$2 file=$3
    shift 3
    # shellcheck disable=SC2086
    "$lstmc" export "$here/models.lua" name="$name" --weights "$name.safetensors" --quiet $export_options -o "$file"
    if far=$("$@" "$file" "$name.x.npy" "$name.y.npy" 2>log); then status=0; else status=1; sed 's/^/    /' log; fi
    said "$client opens $name" "$far" "$status"
}

# imports CLIENT NAME FOLDER FILE: a model that the client has saved, with what it predicts.
imports() {
    steps=$(node -e "console.log(require('$here/npy.js').read('$3/input.npy').shape[1])")
    "$lstmc" import "$3/$4" -o imported --quiet
    grep -q arg.timesteps imported.lua && steps=timesteps=$steps || steps=
    # shellcheck disable=SC2086
    "$lstmc" predict imported.lua $steps --interpreted --quiet --input "$3/input.npy" --out imported.npy
    if far=$(node "$here/npy.js" compare imported.npy "$3/output.npy"); then status=0; else status=1; fi
    rm -f imported.*
    said "imported from $1: $2" "$far" "$status"
}

if ! command -v npm >/dev/null; then
    absent TensorFlow.js "no npm"
elif ! has_package @tensorflow/tfjs; then
    absent TensorFlow.js "$(tail -n 1 "$packages/npm.log")"
else
    export NODE_PATH="$packages/node_modules"
    for name in stacked chained simple gated bidirectional masked tokens convolution handed; do
        mkdir -p "tfjs/$name"
        opens TensorFlow.js "$name" "tfjs/$name/model.json" node "$here/tfjs.js" open
    done
    for name in $(node "$here/tfjs.js" make saved); do
        imports TensorFlow.js "$name" "saved/$name" model.json
    done
fi

if ! command -v npm >/dev/null; then
    absent "ONNX Runtime" "no npm"
elif ! has_package onnxruntime-node; then
    absent "ONNX Runtime" "$(tail -n 1 "$packages/npm.log")"
else
    export NODE_PATH="$packages/node_modules"
    for name in stacked chained simple gated gated_after bidirectional tokens convolution handed directions looking \
        heads; do
        opens "ONNX Runtime" "$name" "$name.onnx" node "$here/onnx.js" open
    done
    for name in chained simple gated gated_after; do
        export_options=--stream
        opens "ONNX Runtime, step by step," "$name" "${name}_step.onnx" node "$here/onnx.js" step
        export_options=
    done
fi

python=
for candidate in python3 /usr/bin/python3; do
    $candidate -c 'import torch' 2>/dev/null && python=$candidate && break
done
if [ -z "$python" ]; then
    absent PyTorch "no python3 has torch; Debian: python3-torch"
else
    for name in stacked chained simple gated_after bidirectional tokens convolution handed directions looking heads; do
        opens PyTorch "$name" "torch_$name.safetensors" "$python" "$here/torch_client.py" open
    done
    for name in $("$python" "$here/torch_client.py" make torch); do
        imports PyTorch "$name" "torch/$name" state_dict.pt
    done
fi

echo "$compared comparisons"
exit $failed
