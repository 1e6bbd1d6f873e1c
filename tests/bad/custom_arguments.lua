local Scale = layer "Scale" {
  arguments = { { "factor", "positive" }, { "kind", "text", "plain" } },
  call = function(a, w, x) return x * a.factor end,
}
return Sequential{
  Input{10, 3},
  Scale{},
  Scale{-1},
  Scale{2, 3},
  Scale{2, faktor = 3},
  Dense{1},
}

-- expect: 7: Scale: missing argument "factor"
-- expect: 8: Scale: "factor" must be greater than zero, not -1
-- expect: 9: Scale: "kind" must be a string, not 3
-- expect: 10: Scale: unknown argument "faktor" (did you mean "factor"?)
