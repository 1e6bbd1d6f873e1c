-- What keeps statistics reads whole batches.
return Sequential{ Input{5, 3}, TimeDistributed{BatchNormalization{}}, TimeDistributed{Dense{2}} }

-- expect: 2: BatchNormalization: keeps statistics of whole batches, not of single steps: write it outside
