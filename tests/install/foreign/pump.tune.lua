-- As `lstmc tune` writes it; nothing was faster than what the compiler chooses.
return {
}
