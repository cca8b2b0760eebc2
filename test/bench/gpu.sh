#!/bin/sh
# Parity and speed of the pytorch engine, and where the time of an epoch goes, on a machine with a GPU, a Python with torch (KDPIPE_PYTHON), and neither Node nor a network.
#   sh test/bench/gpu.sh pack        where Node is: test/dist/ gets the bench and a compressed Node, some 30 MB, to be carried there
#   sh test/bench/gpu.sh [tiny]      there, in the folder of the sources; at most five minutes
set -e
cd "$(dirname "$0")/../.."
if [ "$1" = pack ]; then
  npx esbuild test/bench/gpu/main.ts --bundle --format=esm --platform=node --target=node20 --outfile=test/dist/gpu.mjs \
    --external:sharp --external:canvas --main-fields=module,main --log-level=warning \
    --banner:js="import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"
  [ -e test/dist/node.xz ] || xz -T0 -c "$(node -p process.execPath)" > test/dist/node.xz
  ls -l test/dist
  exit
fi
node=${KDPIPE_NODE:-}
if [ -z "$node" ]; then
  node=$(mktemp -d)/node
  # Python has lzma where the machine has no xz.
  "${KDPIPE_PYTHON:-python3}" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open("test/dist/node.xz"), open(sys.argv[1], "wb"))' "$node"
  chmod +x "$node"
fi
timeout 290 "$node" test/dist/gpu.mjs "$@"
