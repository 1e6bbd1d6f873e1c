return Sequential{
  Input{10},
  Dense{4, name = "int"},
  Dense{4, name = "a"},
  Dense{4, name = "a"},
  Dense{4, name = "9x"},
  Dense{4, name = ""},
  Dense{4, name = "a/b"},
  Dense{4, name = "\27[31m"},
  Dense{4, name = "\xff\xfe"},
  Dense{4, name = ("long"):rep(100)},
  name = "two words", loss = "mse",
}

-- expect: 1: Sequential: the name "two words" is not made of letters, digits and _, starting with a letter
-- expect: 5: Dense: the name "a" is taken already
-- expect: 6: Dense: the name "9x" is not made of letters, digits and _, starting with a letter
-- expect: 7: Dense: the name "" is not made of letters, digits and _, starting with a letter
-- expect: 8: Dense: the name "a/b" is not made of letters, digits and _, starting with a letter
-- expect: 9: Dense: the name "?[31m" is not made of letters, digits and _, starting with a letter
-- expect: 10: Dense: the name "??" is not made of letters, digits and _, starting with a letter
-- expect: 11: Dense: the name "longlonglonglonglonglonglonglonglonglonglonglonglonglonglong..." is not made of letters, digits and _, starting with a letter
