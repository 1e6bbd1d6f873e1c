-- Which steps count is not known inside; in front of it all count.
return Sequential{ Input{5, 3}, TimeDistributed{BatchNormalization{}}, Masking{}, TimeDistributed{BatchNormalization{}},
  TimeDistributed{Dense{2}} }

-- expect: 2: BatchNormalization: batch_sum: which steps count is not known inside of the layer that calls it at each step
