/* ops.h: the operations of the IR: one row knows all about one. Whoever includes this file has defined
 *     LEAF(op, traits...)                 what has no arguments
 *     OPERATION(op, formula, traits...)   `formula` is its value, of double a and b
 * and gets the rows, once each; ir.h makes `enum Op` of them and says what the traits mean, expr.c makes op_traits[].
 * A new operation is a new row; what its derivative or its folding needs is written in expr.c. */

LEAF(CONSTANT, .name = "constant")  /* value */
LEAF(LOAD, .name = "load")          /* access */
LEAF(AXIS, .name = "axis")          /* the position along an axis, as a number: `position` */

OPERATION(ADD, a + b, .name = "+", .lua = "add", .arity = 2, .precedence = PRECEDENCE_SUM, .derive = derive_add,
          .fold = fold_add, .scalar = "@ + @", .vector = "@ + @")
OPERATION(SUBTRACT, a - b, .name = "-", .lua = "subtract", .arity = 2, .precedence = PRECEDENCE_SUM,
          .derive = derive_subtract, .fold = fold_subtract, .scalar = "@ - @", .vector = "@ - @")
OPERATION(MULTIPLY, a * b, .name = "*", .lua = "multiply", .arity = 2, .precedence = PRECEDENCE_PRODUCT,
          .derive = derive_multiply, .fold = fold_multiply, .scalar = "@ * @", .vector = "@ * @")
OPERATION(DIVIDE, a / b, .name = "/", .lua = "divide", .arity = 2, .precedence = PRECEDENCE_PRODUCT,
          .derive = derive_divide, .fold = fold_divide, .scalar = "@ / @", .vector = "@ / @")
OPERATION(NEGATE, -a, .name = "-", .lua = "negate", .arity = 1, .precedence = PRECEDENCE_SIGN, .derive = derive_negate,
          .fold = fold_negate, .scalar = "-@", .vector = "-@")

OPERATION(SQRT, sqrt(a), .name = "sqrt", .lua = "sqrt", .arity = 1, .transcendental = true, .derive = derive_sqrt,
          .scalar = "sqrtf(@)", .vector = "vec_sqrt(@)")
OPERATION(EXP, exp(a), .name = "exp", .lua = "exp", .arity = 1, .transcendental = true, .derive = derive_exp,
          .scalar = "expf(@)", .vector = "vec_exp(@)")
OPERATION(EXPM1, expm1(a), .name = "expm1", .lua = "expm1", .arity = 1, .transcendental = true,
          .derive = derive_expm1, .scalar = "expm1f(@)", .vector = "vec_expm1(@)")
OPERATION(LOG, log(a), .name = "log", .lua = "log", .arity = 1, .transcendental = true, .derive = derive_log,
          .scalar = "logf(@)", .vector = "vec_log(@)")
OPERATION(LOG1P, log1p(a), .name = "log1p", .lua = "log1p", .arity = 1, .transcendental = true,
          .derive = derive_log1p, .scalar = "log1pf(@)", .vector = "vec_log1p(@)")
OPERATION(TANH, tanh(a), .name = "tanh", .lua = "tanh", .arity = 1, .transcendental = true, .derive = derive_tanh,
          .derive_fast = derive_tanh_fast, .scalar = "tanhf(@)", .vector = "vec_tanh(@)",
          .vector_precise = "vec_tanh_precise(@)")
/* neither form overflows on its side of zero */
OPERATION(SIGMOID, a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a)), .name = "sigmoid", .lua = "sigmoid", .arity = 1,
          .transcendental = true, .derive = derive_sigmoid, .derive_fast = derive_sigmoid_fast, .scalar = "sigmoid(@)",
          .helper = "static inline float sigmoid(float v)\n{\nreturn 1.0f / (1.0f + expf(-v));\n}\n\n",
          .vector = "vec_sigmoid(@)", .vector_precise = "vec_sigmoid_precise(@)")
OPERATION(SOFTPLUS, (a > 0 ? a : 0) + log1p(exp(-fabs(a))), .name = "softplus", .lua = "softplus", .arity = 1,
          .transcendental = true, .derive = derive_softplus, .scalar = "softplus(@)",
          .helper = "/* log(1 + exp(v)) without overflow */\nstatic inline float softplus(float v)\n{\n"
                    "return (v > 0.0f ? v : 0.0f) + log1pf(expf(-fabsf(v)));\n}\n\n",
          .vector = "vec_softplus(@)")
OPERATION(ERF, erf(a), .name = "erf", .lua = "erf", .arity = 1, .transcendental = true, .derive = derive_erf,
          .scalar = "erff(@)", .vector = "vec_erf(@)")
OPERATION(ERFC, erfc(a), .name = "erfc", .lua = "erfc", .arity = 1, .transcendental = true, .derive = derive_erfc,
          .scalar = "erfcf(@)", .vector = "vec_erfc(@)")

/* the derivatives of two, at the same argument: made by grad alone */
OPERATION(TANH_SLOPE, 4 * slope(exp(-2 * fabs(a))), .name = "tanh_slope", .arity = 1, .transcendental = true,
          .scalar = "tanh_slope(@)",
          .helper = "/* the derivative of tanh: 1 - y * y without the cancellation */\n"
                    "static inline float tanh_slope(float v)\n{\n"
                    "const float e = expf(-2.0f * fabsf(v)), sum = 1.0f + e;\nreturn 4.0f * e / (sum * sum);\n}\n\n",
          .vector = "vec_tanh_slope(@)")
OPERATION(SIGMOID_SLOPE, slope(exp(-fabs(a))), .name = "sigmoid_slope", .arity = 1, .transcendental = true,
          .scalar = "sigmoid_slope(@)",
          .helper = "/* the derivative of sigmoid: y * (1 - y) without the cancellation */\n"
                    "static inline float sigmoid_slope(float v)\n{\n"
                    "const float e = expf(-fabsf(v)), sum = 1.0f + e;\nreturn e / (sum * sum);\n}\n\n",
          .vector = "vec_sigmoid_slope(@)")

/* a NaN in front stays one */
OPERATION(MAXIMUM, a < b ? b : a, .name = "max", .lua = "maximum", .arity = 2, .derive = derive_maximum,
          .scalar = "maximum(@, @)",
          .helper = "/* a NaN stays one */\nstatic inline float maximum(float a, float b)\n{\n"
                    "if (a > b || a != a)\n    return a;\nreturn b;\n}\n\n",
          .vector = "vec_maximum(@, @)")
OPERATION(MINIMUM, a > b ? b : a, .name = "min", .lua = "minimum", .arity = 2, .derive = derive_minimum,
          .scalar = "minimum(@, @)",
          .helper = "/* a NaN stays one */\nstatic inline float minimum(float a, float b)\n{\n"
                    "if (a < b || a != a)\n    return a;\nreturn b;\n}\n\n",
          .vector = "vec_minimum(@, @)")
OPERATION(GREATER, a > b, .name = "greater", .lua = "greater", .arity = 2, .scalar = "(@ > @ ? 1.0f : 0.0f)",
          .vector = "vec_greater(@, @)")
OPERATION(EQUAL, a == b, .name = "equal", .lua = "equal", .arity = 2, .scalar = "(@ == @ ? 1.0f : 0.0f)",
          .vector = "vec_equal(@, @)")
OPERATION(ABSOLUTE, fabs(a), .name = "abs", .lua = "absolute", .arity = 1, .derive = derive_absolute,
          .scalar = "fabsf(@)", .vector = "vec_absolute(@)")
/* v where the mask is not 0, else 0, and no product: a NaN in what is masked stays there; of gradients the same */
OPERATION(KEEP, a != 0 ? b : 0, .name = "keep", .lua = "keep", .arity = 2, .first_flows = 1, .adjoint = adjoint_keep,
          .fold = fold_keep, .scalar = "(@ != 0.0f ? @ : 0.0f)", .vector = "vec_where(@, @)")

/* its argument, through which no gradient flows */
OPERATION(STOP, a, .name = "stop", .lua = "stop", .arity = 1)
