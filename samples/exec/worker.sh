#!/bin/sh
# Works until it is told to end, and then ends in order:
#   npx mongo-failover exec sample --store -- sh samples/exec/worker.sh
# Start it in two terminals, and kill one of them.
trap 'echo "ends in order"; exit 0' TERM INT
echo "works under term $FAILOVER_TERM, attempt $FAILOVER_ATTEMPT"
while :; do
  # A wait that a signal ends.
  sleep 1 &
  wait $!
done
