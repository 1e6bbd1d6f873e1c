local cells = { LSTM = LSTM, GRU = GRU }
local function choose(name)
  return cells[name] or error("cell must be LSTM or GRU, not " .. name)
end
return Sequential{ Input{10, 3}, choose("RNN"){4}, Dense{1} }

-- expect: 3: cell must be LSTM or GRU, not RNN
