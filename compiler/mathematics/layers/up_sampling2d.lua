-- up_sampling2d.lua: keras.layers.UpSampling2D: each pixel `size` times, side by side and one below the other.
return layer "UpSampling2D" {
  in_pytorch = "Upsample", in_onnx = "Resize",
  arguments = { { "size", "size_2d", 2 }, { "data_format", { "channels_last" }, "channels_last" },
                { "interpolation", { "nearest" }, "nearest" } },
  over      = "sample",
  input     = "image",
  shape     = function(a, x) return { a.size[1] * x.shape[1], a.size[2] * x.shape[2], x.features } end,
  call      = function(a, w, x)
    local u, v, c = axes "u v c"
    local y = tensor{ a.size[1] * x.shape[1], a.size[2] * x.shape[2], x.features }
    y[{ a.size[1] * u + axis("i", a.size[1]), a.size[2] * v + axis("j", a.size[2]), c }] = x[{ u, v, c }]
    return y
  end,
}
