local function width(n)
  return n * 2
end
return Sequential{ Input{10, 3}, LSTM{width()} }

-- expect: 2: attempt to perform arithmetic on a nil value (local 'n')
