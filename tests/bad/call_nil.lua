local layers = {}
layers.first()
return Sequential{ Input{10, 3} }

-- expect: 2: attempt to call a nil value (field 'first')
