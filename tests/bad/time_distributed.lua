-- What stands inside reads one step; what keeps statistics reads whole batches.
return Sequential{
  Input{5, 3},
  TimeDistributed{LSTM{4}},
}

-- expect: 4: TimeDistributed: LSTM needs a sequence {timesteps, features}, not {3}
