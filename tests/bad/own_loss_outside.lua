loss "out" { call = function(a, y, p)
   local l = tensor{}
   l[{}] = p[{ 9 }] return l end }
return Sequential{ Input{5, 3}, Dense{4}, loss = "out" }

-- expect: 1: loss "out": loss[] += scale[] * sample_weight[b] * output[b,t,9]     over b t: index 2 of output runs from 9 to 9, but the extent is 4
